"""What the product safety centre shares about itself: messages, client, fake."""
