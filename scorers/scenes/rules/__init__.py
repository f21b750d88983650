"""Rules on scenes, by what they watch. Every public function here is a rule; its name is its id."""
