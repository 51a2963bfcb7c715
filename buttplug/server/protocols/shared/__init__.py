"""What several device families have in common."""
