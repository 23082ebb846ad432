"""What the accredited anonymiser offers to researchers: messages, client, fake."""
