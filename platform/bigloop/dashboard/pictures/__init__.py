"""What the pages draw: charts as data, each from the numbers that the report shows."""
