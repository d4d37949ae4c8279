public import Base
import Foundation
import Programs

/// Takes the text out of PDF files with `pdftotext`, where it is installed, on a copy that is removed afterwards.
public struct PDFReader: Sendable {
    private static let bounds = BoundedProgram.Bounds(
        deadline: .seconds(60), processorSeconds: 30, outputBytes: DocumentText.Bounds.textBytes * 2,
        memoryBytes: 1 << 30)

    private let program: BoundedProgram
    private let clock: any WallClock
    private let randomness: any Randomness

    /// Makes a reader.
    ///
    /// - Parameters:
    ///   - program: the name or path. Defaults to `pdftotext` in the path.
    ///   - clock: ends what takes longer than a minute.
    ///   - randomness: names the copy.
    public init(_ program: String = "pdftotext", clock: any WallClock, randomness: any Randomness) {
        self.program = BoundedProgram(name: program, clock: clock)
        self.clock = clock
        self.randomness = randomness
    }

    /// Whether PDF files can be read on this machine.
    public var isInstalled: Bool { program.isThere }

    /// Reads a file.
    ///
    /// - Parameter bytes: at most ``DocumentText/Bounds/fileBytes``.
    /// - Returns: the text of all pages.
    /// - Throws: `retrieval.converterMissing` where the program is not installed; `retrieval.documentUnreadable` for what
    ///   is no PDF, has no text, or takes too long; `retrieval.documentTooLarge`; `CancellationError`.
    @concurrent public func read(_ bytes: [UInt8]) async throws -> DocumentText {
        guard bytes.count <= DocumentText.Bounds.fileBytes else {
            throw DocumentText.tooLarge("file", bytes.count, DocumentText.Bounds.fileBytes)
        }
        guard bytes.starts(with: "%PDF-".utf8) else {
            throw RetrievalError(.documentUnreadable, "The document is no PDF.")
        }
        let folder = FileManager.default.temporaryDirectory.appending(
            path: "capstan-pdf-\(ID<DocumentText>(at: clock.now(), using: randomness))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // What cannot be removed is a temporary file, which the system clears.
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(bytes).write(to: folder.appending(path: "in.pdf"))
        do {
            try await program.run(
                ["-q", "-enc", "UTF-8", "in.pdf", "out.txt"], in: folder, within: Self.bounds)
        } catch let failure as BoundedProgram.Failure {
            throw Self.error(failure)
        }
        let file = try FileHandle(forReadingFrom: folder.appending(path: "out.txt"))
        let text = try file.read(upToCount: DocumentText.Bounds.textBytes + 1) ?? Data()
        try file.close()
        guard text.count <= DocumentText.Bounds.textBytes else {
            throw DocumentText.tooLarge("text", text.count, DocumentText.Bounds.textBytes)
        }
        // A form feed stands between pages.
        return try DocumentText(
            String(decoding: text, as: UTF8.self).replacing("\u{0C}", with: "\n\n"), as: .text)
    }

    private static func error(_ failure: BoundedProgram.Failure) -> RetrievalError {
        switch failure {
        case .missing:
            RetrievalError(
                .converterMissing,
                "PDF files are read by pdftotext, which is not installed here: install poppler-utils, or give text.",
                underlying: failure)
        case .tooSlow:
            RetrievalError(
                .documentUnreadable, "Reading the PDF took longer than \(bounds.deadline).", underlying: failure)
        case .failed(let status, _):
            RetrievalError(
                .documentUnreadable, "pdftotext could not read the document.", context: ["status": "\(status)"],
                underlying: failure)
        }
    }
}
