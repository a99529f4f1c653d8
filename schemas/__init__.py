"""What crosses a topic: frozen pydantic models, one file a message; imports nothing of the other packages."""
