"""What softvote is faster than, by how much: each module runs one comparison and ends in one JSON line."""
