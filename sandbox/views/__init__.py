"""The books as the API shows them."""
