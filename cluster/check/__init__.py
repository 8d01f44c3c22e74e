"""Says in one line what `ray up` would stumble over, which tells it in dozens, or in none until it gives up."""
