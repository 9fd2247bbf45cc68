"""Photos of many people, submitted together: folders, manifests and ZIP archives, read item by item.

`source` opens any of them; `items` says what comes out.
"""
