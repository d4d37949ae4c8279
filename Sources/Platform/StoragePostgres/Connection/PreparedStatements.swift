/// Which statements a connection knows by name: the least recently used one makes room for a new one.
struct PreparedStatements<Key: Hashable> {
    /// What is kept of a statement.
    struct Entry {
        /// Its name on the connection.
        var name: String
        /// Its columns, once a result has told.
        var shape: ResultShape?
        /// Whether it is known to return no rows.
        var isSilent = false
        fileprivate var lastUse: UInt64
    }

    /// What to do before a statement is sent.
    enum Step: Equatable {
        /// Nothing: it is prepared.
        case send(name: String)
        /// Prepare it under this name, after deallocating another one.
        case prepare(name: String, deallocate: String?)
    }

    private var entries: [Key: Entry] = [:]
    private var uses: UInt64 = 0
    private var made: UInt64 = 0
    private let capacity: Int

    init(capacity: Int) {
        precondition(capacity > 0, "a connection that may keep \(capacity) statements can send none")
        self.capacity = capacity
    }

    var count: Int { entries.count }

    mutating func use(_ key: Key) -> Step {
        uses += 1
        if let index = entries.index(forKey: key) {
            entries.values[index].lastUse = uses
            return .send(name: entries.values[index].name)
        }
        var evicted: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            evicted = oldest.value.name
            entries[oldest.key] = nil
        }
        made += 1
        let name = "s\(made)"
        entries[key] = Entry(name: name, lastUse: uses)
        return .prepare(name: name, deallocate: evicted)
    }

    /// Reads or changes what is kept; `nil` forgets, so that the next use prepares anew.
    subscript(key: Key) -> Entry? {
        get { entries[key] }
        set { entries[key] = newValue }
    }
}
