import Base

/// The text of a document, taken out of whatever it came in, with its headings.
public struct DocumentText: Sendable, Hashable {
    /// The bounds of documents.
    public enum Bounds {
        /// Bytes of a file: 20 MiB.
        public static let fileBytes = 20 << 20
        /// Bytes of its text: 8 MiB.
        public static let textBytes = 8 << 20
        /// Bytes of a heading that is kept.
        static let headingBytes = 200
    }

    /// The forms that are understood.
    public enum Form: String, Sendable, Hashable, CaseIterable {
        /// Plain text in UTF-8.
        case text = "text/plain"
        /// Markdown in UTF-8.
        case markdown = "text/markdown"
        /// HTML in UTF-8.
        case html = "text/html"
        /// PDF, where `pdftotext` is installed.
        case pdf = "application/pdf"
    }

    /// A stretch of text under one heading.
    struct Section: Sendable, Hashable {
        var heading: String
        /// Where it stands in the text, in bytes.
        var range: Range<Int>
    }

    /// All of it.
    public private(set) var text: String
    private(set) var sections: [Section] = []

    /// Reads text, Markdown or HTML that is in memory already.
    ///
    /// - Throws: `retrieval.documentTooLarge`; `retrieval.documentUnreadable` for a PDF, which ``PDFReader`` reads.
    public init(_ text: String, as form: Form) throws(RetrievalError) {
        var builder = Builder()
        switch form {
        case .text: builder.add(text)
        case .markdown: MarkdownReader.read(text, into: &builder)
        case .html: HTMLReader.read(text, into: &builder)
        case .pdf:
            throw RetrievalError(.documentUnreadable, "A PDF is no text: read it with PDFReader first.")
        }
        self = try builder.finish()
    }

    /// Reads the bytes of a file.
    ///
    /// - Parameters:
    ///   - bytes: at most ``Bounds/fileBytes``.
    ///   - form: what they are; a PDF needs ``PDFReader``.
    /// - Throws: `retrieval.documentTooLarge`, `retrieval.documentUnreadable`.
    public init(_ bytes: [UInt8], as form: Form) throws(RetrievalError) {
        guard bytes.count <= Bounds.fileBytes else { throw Self.tooLarge("file", bytes.count, Bounds.fileBytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw RetrievalError(.documentUnreadable, "The document is not in UTF-8: save it as UTF-8 text.")
        }
        try self.init(text, as: form)
    }

    private init(text: String, sections: [Section]) {
        self.text = text
        self.sections = sections
    }

    static func tooLarge(_ what: String, _ size: Int, _ most: Int) -> RetrievalError {
        RetrievalError(
            .documentTooLarge, "The document's \(what) has \(size) bytes; \(most) are possible.",
            context: ["bytes": "\(size)", "bytesMax": "\(most)"])
    }

    /// Puts a text together out of pieces with headings.
    struct Builder {
        private var bytes: [UInt8] = []
        private var sections: [Section] = []
        private var heading = ""
        private var start = 0

        /// Ends the section and begins the one of this heading.
        mutating func begin(_ heading: String) {
            close()
            let words = heading.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            self.heading = String(decoding: words.utf8.prefix(Bounds.headingBytes), as: UTF8.self)
        }

        /// Adds text to the section; NUL, which no database keeps, is left out.
        mutating func add(_ text: some StringProtocol) {
            bytes.append(contentsOf: text.utf8.lazy.filter { $0 != 0 })
        }

        /// Ends a line, unless one has just ended.
        mutating func endLine() {
            if let last = bytes.last, last != 0x0A { bytes.append(0x0A) }
        }

        /// Ends a paragraph.
        mutating func endParagraph() {
            endLine()
            if bytes.count >= 2, bytes[bytes.count - 2] != 0x0A { bytes.append(0x0A) }
        }

        private mutating func close() {
            if start < bytes.count { sections.append(Section(heading: heading, range: start..<bytes.count)) }
            start = bytes.count
        }

        mutating func finish() throws(RetrievalError) -> DocumentText {
            close()
            guard bytes.count <= Bounds.textBytes else { throw tooLarge("text", bytes.count, Bounds.textBytes) }
            let text = String(decoding: bytes, as: UTF8.self)
            guard text.contains(where: { $0.isLetter || $0.isNumber }) else {
                throw RetrievalError(
                    .documentUnreadable, "The document holds no text: a scanned page must be recognised first.")
            }
            return DocumentText(text: text, sections: sections)
        }
    }
}
