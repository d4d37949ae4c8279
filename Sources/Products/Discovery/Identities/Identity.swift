/// One person behind profiles of several platforms, as somebody of the workspace has declared by hand.
enum Identity {}
