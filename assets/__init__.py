"""Installing what the pages are built with: npm packages and the face detector, at build time."""
