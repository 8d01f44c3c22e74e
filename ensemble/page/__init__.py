"""report.html: the vote in pictures, one file a section; loaded only where a page is written."""
