public import Base

/// A passage of a document that was found, with what is needed to cite it.
public struct Passage: Sendable, Hashable {
    /// Its id, by which an answer cites it.
    public let id: ID<Passage>
    /// Whose passage it is.
    public let document: ID<Document>
    /// The document's title.
    public let title: String
    /// Where the document came from.
    public let source: String
    /// The heading under which it stands; empty for none.
    public let heading: String
    /// What it says.
    public let text: String
    /// Where it stands in the document's text, in bytes.
    public let range: Range<Int>
    /// The cosine of the angle between it and the question, −1 to 1; `nil` where the search was by words alone.
    public let similarity: Float?
    /// What the order is by: the sum of 1/(60 + rank) over vectors and words.
    public let score: Double
}
