/// Entities whose nouns are elsewhere in the product and that searches name by id only.
enum Campaign {}

enum CreatorList {}

enum SavedSearch {}
