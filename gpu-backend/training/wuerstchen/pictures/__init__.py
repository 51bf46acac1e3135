"""From a folder of pictures and captions to the data set that training reads."""
