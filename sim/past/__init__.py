"""What a simulated city keeps of its past: files in closed form, who asks for them, and who may not."""
