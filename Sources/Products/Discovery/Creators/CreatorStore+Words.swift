import Storage

extension CreatorStore {
    /// That all words stand among those of `creators c`: PostgreSQL by its text index, while SQLite, which has one file on
    /// one machine, looks through the tenant's rows.
    ///
    /// Both see words as ``CreatorWords`` splits them, so that both find the same.
    static func having(_ words: [String], in dialect: Dialect) -> SQL {
        if dialect == .postgres {
            return "to_tsvector('simple', c.words) @@ plainto_tsquery('simple', \(words.joined(separator: " ")))"
        }
        var all: SQL = "true"
        for word in words { all = all.appending(" AND instr(' ' || c.words || ' ', \(" \(word) ")) > 0") }
        return all
    }
}
