"""The pieces the screens are made of; each draws what it is told and knows nothing of core's verbs."""
