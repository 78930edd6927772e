"""An older repository becomes a workspace: what is found in it, what is proposed, what is applied."""
