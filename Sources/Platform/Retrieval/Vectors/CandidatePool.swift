import Base

/// The best of what was offered, at most so many: a heap whose root is the worst of them.
struct CandidatePool: Sendable {
    private(set) var entries: [(score: Float, chunk: ID<Passage>)] = []
    private let capacity: Int

    /// What an offer must exceed to be taken.
    private(set) var floor = -Float.infinity

    init(capacity: Int) {
        precondition(capacity > 0, "a pool of \(capacity) holds nothing")
        self.capacity = capacity
        entries.reserveCapacity(capacity)
    }

    /// Takes what is better than the worst.
    mutating func offer(_ score: Float, _ chunk: ID<Passage>) {
        if entries.count < capacity {
            entries.append((score, chunk))
            rise()
            if entries.count == capacity { floor = entries[0].score }
        } else if score > floor {
            entries[0] = (score, chunk)
            sink()
            floor = entries[0].score
        }
    }

    /// Takes all of another.
    mutating func merge(_ other: CandidatePool) {
        for entry in other.entries { offer(entry.score, entry.chunk) }
    }

    /// From the best to the worst; equals by their ids, so that the same search gives the same order.
    var ranked: [ID<Passage>] {
        entries.sorted { $0.score == $1.score ? $0.chunk < $1.chunk : $0.score > $1.score }.map(\.chunk)
    }

    private mutating func rise() {
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].score < entries[parent].score else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < entries.count && entries[child].score < entries[least].score { least = child }
            guard least != parent else { return }
            entries.swapAt(least, parent)
            parent = least
        }
    }
}
