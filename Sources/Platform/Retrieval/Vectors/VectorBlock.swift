import Base

/// Some thousands of quantised vectors, never changed once made.
final class VectorBlock: Sendable {
    enum Bounds {
        /// Vectors of a block: small enough to be copied when one is added, large enough that blocks are few.
        static let vectors = 4_096
    }

    /// A vector as it is kept: codes, and what one code is worth.
    struct Entry: Sendable {
        var chunk: ID<Passage>
        var document: ID<Document>
        var codes: [Int8]
        var scale: Float

        /// Quantises a vector; codes are padded to `length`.
        init(chunk: ID<Passage>, document: ID<Document>, _ vector: UnitVector, length: Int) {
            self.chunk = chunk
            self.document = document
            (codes, scale) = Self.quantised(vector.numbers, length: length)
        }

        static func quantised(_ numbers: [Float], length: Int) -> (codes: [Int8], scale: Float) {
            let largest = numbers.reduce(0) { max($0, abs($1)) }
            var codes = [Int8](repeating: 0, count: length)
            guard largest > 0 else { return (codes, 0) }
            let scale = largest / DotProduct.codeMax
            for (place, number) in numbers.enumerated() { codes[place] = Int8((number / scale).rounded()) }
            return (codes, scale)
        }
    }

    let chunks: [ID<Passage>]
    let documents: [ID<Document>]
    private let codes: [Int8]
    private let scales: [Float]
    private let length: Int

    var count: Int { chunks.count }
    var bytes: Int { codes.count + count * 36 }

    private init(
        chunks: [ID<Passage>], documents: [ID<Document>], codes: [Int8], scales: [Float], length: Int
    ) {
        self.chunks = chunks
        self.documents = documents
        self.codes = codes
        self.scales = scales
        self.length = length
    }

    static func empty(length: Int) -> VectorBlock {
        VectorBlock(chunks: [], documents: [], codes: [], scales: [], length: length)
    }

    /// The same block with more vectors.
    func adding(_ entries: some Collection<Entry>) -> VectorBlock {
        precondition(count + entries.count <= Bounds.vectors, "a block of \(count + entries.count) vectors")
        var codes = codes
        codes.reserveCapacity((count + entries.count) * length)
        for entry in entries { codes += entry.codes }
        return VectorBlock(
            chunks: chunks + entries.map(\.chunk), documents: documents + entries.map(\.document), codes: codes,
            scales: scales + entries.map(\.scale), length: length)
    }

    /// The same block without the vectors of some documents; itself when it has none of them.
    func removing(_ gone: Set<ID<Document>>) -> VectorBlock {
        guard documents.contains(where: gone.contains) else { return self }
        let kept = documents.indices.filter { !gone.contains(documents[$0]) }
        var codes: [Int8] = []
        codes.reserveCapacity(kept.count * length)
        for row in kept { codes += self.codes[(row * length)..<((row + 1) * length)] }
        return VectorBlock(
            chunks: kept.map { chunks[$0] }, documents: kept.map { documents[$0] }, codes: codes,
            scales: kept.map { scales[$0] }, length: length)
    }

    /// Offers every vector to a pool, with its approximate product with the query.
    func scan(_ query: [Int16], into pool: inout CandidatePool) {
        precondition(query.count == length, "a query of \(query.count) codes for vectors of \(length)")
        codes.withUnsafeBytes { codes in
            query.withUnsafeBytes { query in
                guard let code = codes.baseAddress, let asked = query.baseAddress else { return }
                scales.withUnsafeBufferPointer { scales in
                    for row in 0..<scales.count {
                        let product = DotProduct.ofCodes(code + row * length, asked, length: length)
                        let score = Float(product) * scales[row]
                        if score > pool.floor { pool.offer(score, chunks[row]) }
                    }
                }
            }
        }
    }
}
