"""What is run by hand when something in the package has changed."""
