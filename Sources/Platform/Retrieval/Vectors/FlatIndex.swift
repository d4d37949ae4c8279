public import Base

/// Vectors of one model in memory, searched as a whole: quantised for speed, with an exact order at the end.
///
/// What ``Retrieval`` keeps of a collection, without its database, which there holds the exact vectors: for sets that are
/// made and used within a process. A value; copies share what they have in common.
public struct FlatIndex: Sendable {
    private var codes: VectorSet
    private var exact: [ID<Passage>: UnitVector] = [:]

    /// Makes an index for vectors of `dimensions` numbers, at least one.
    public init(dimensions: Int) { codes = VectorSet(dimensions: dimensions, version: 0) }

    /// How many vectors there are.
    public var count: Int { exact.count }

    /// Bytes of the codes that a search looks through.
    public var codeBytes: Int { codes.bytes }

    /// Adds vectors under ids that are not there yet; their length does not matter, their direction does.
    public mutating func add(_ vectors: [(id: ID<Passage>, numbers: [Float])]) {
        let units = vectors.map {
            (chunk: $0.id, document: $0.id.cast(to: ID<Document>.self), vector: UnitVector($0.numbers))
        }
        for unit in units {
            precondition(
                unit.vector.numbers.count == codes.dimensions, "a vector of \(unit.vector.numbers.count) numbers")
            precondition(exact.updateValue(unit.vector, forKey: unit.chunk) == nil, "\(unit.chunk) is there already")
        }
        codes.add(units)
    }

    /// Removes vectors; how many of them were there.
    ///
    /// Goes once through all codes, however many are removed.
    @discardableResult
    public mutating func remove(_ ids: some Sequence<ID<Passage>>) -> Int {
        let found = ids.filter { exact.removeValue(forKey: $0) != nil }
        codes.remove(Set(found.map { $0.cast(to: ID<Document>.self) }))
        return found.count
    }

    /// The nearest vectors, the best first, each with the cosine of the angle: `limit`, or all there are.
    ///
    /// - Parameters:
    ///   - query: as many numbers as the vectors have.
    ///   - limit: how many; at least one.
    ///   - parts: how many tasks share the work of a large index. Defaults to 1.
    /// - Returns: ids with their similarity, −1 to 1.
    public func search(
        _ query: [Float], limit: Int, parts: Int = 1
    ) async -> [(id: ID<Passage>, similarity: Float)] {
        let query = UnitVector(query)
        let wanted = max(Retrieval.Bounds.candidatesMin, limit * Retrieval.Bounds.candidatesPerPassage)
        let found = await codes.candidates(for: query, count: wanted, parts: parts).compactMap { id in
            exact[id].map { (id: id, similarity: $0.similarity(to: query)) }
        }
        return Array(
            found.sorted { $0.similarity == $1.similarity ? $0.id < $1.id : $0.similarity > $1.similarity }.prefix(
                limit))
    }
}
