"""Free text: claims with their polarity, similarity to a reference, and one gated judgement."""
