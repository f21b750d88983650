"""Safety rules, by what they watch. Every public function of a module here is a rule."""
