"""What stands in a clone for a large file that git-lfs has not fetched."""

POINTER = b"version https://git-lfs.github.com/spec/"
IS_POINTER = "is a git-lfs pointer, not the file itself: run `git lfs pull` in its repository"
