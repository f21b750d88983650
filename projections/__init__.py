"""What the log says, as rows, pages and numbers; all of it can be deleted and rebuilt."""
