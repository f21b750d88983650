"""What is true: patients, conditions, drugs, guidelines, tasks."""
