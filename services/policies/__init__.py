"""Who may do what, as policy files (Cedar) that an official can read; `services.kit.permissions` evaluates them."""
