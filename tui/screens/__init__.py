"""The screens: each draws the state and asks the bridge; what is true is decided in core."""
