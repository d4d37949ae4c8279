import Base

/// All vectors of one tenant's index, quantised, as of a version: a value whose blocks are shared.
struct VectorSet: Sendable {
    private enum Bounds {
        /// Vectors from which a scan is split over tasks.
        static let split = 65_536
    }

    let dimensions: Int
    var version: Int64
    private var blocks: [VectorBlock] = []
    private let length: Int

    init(dimensions: Int, version: Int64) {
        precondition(dimensions > 0, "vectors of \(dimensions) numbers")
        self.dimensions = dimensions
        self.version = version
        length = (dimensions + DotProduct.stride - 1) / DotProduct.stride * DotProduct.stride
    }

    var count: Int { blocks.reduce(0) { $0 + $1.count } }
    var bytes: Int { blocks.reduce(64) { $0 + $1.bytes } }

    /// Adds vectors: those that find room go to the last block, which is copied.
    mutating func add(_ new: [(chunk: ID<Passage>, document: ID<Document>, vector: UnitVector)]) {
        var rest = new[...]
        while !rest.isEmpty {
            if blocks.last.map({ $0.count >= VectorBlock.Bounds.vectors }) ?? true {
                blocks.append(.empty(length: length))
            }
            let last = blocks.count - 1
            let part = rest.prefix(VectorBlock.Bounds.vectors - blocks[last].count)
            rest = rest.dropFirst(part.count)
            blocks[last] = blocks[last].adding(
                part.map { VectorBlock.Entry(chunk: $0.chunk, document: $0.document, $0.vector, length: length) })
        }
    }

    /// Removes what belongs to some documents; blocks that are left nearly empty are joined with others.
    mutating func remove(_ documents: Set<ID<Document>>) {
        guard !documents.isEmpty else { return }
        blocks = blocks.map { $0.removing(documents) }.filter { $0.count > 0 }
    }

    /// The best candidates by their codes.
    ///
    /// - Parameters:
    ///   - query: of ``dimensions`` numbers.
    ///   - count: how many; the true best are among four times as many.
    ///   - parts: how many tasks share a large set.
    /// - Returns: from the best to the worst, all there are when there are fewer.
    func candidates(for query: UnitVector, count: Int, parts: Int) async -> [ID<Passage>] {
        let codes = VectorBlock.Entry.quantised(query.numbers, length: length).codes.map { Int16($0) }
        guard parts > 1, self.count >= Bounds.split else {
            var pool = CandidatePool(capacity: count)
            for block in blocks { block.scan(codes, into: &pool) }
            return pool.ranked
        }
        let share = (blocks.count + parts - 1) / parts
        return await withTaskGroup(of: CandidatePool.self) { group in
            for start in stride(from: 0, to: blocks.count, by: share) {
                let some = blocks[start..<min(start + share, blocks.count)]
                group.addTask {
                    var pool = CandidatePool(capacity: count)
                    for block in some { block.scan(codes, into: &pool) }
                    return pool
                }
            }
            var pool = CandidatePool(capacity: count)
            for await other in group { pool.merge(other) }
            return pool.ranked
        }
    }
}
