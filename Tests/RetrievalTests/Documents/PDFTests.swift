import Base
import Testing

@testable import Retrieval

/// With `pdftotext` itself, where it is installed; `Scripts/test` installs it.
@Suite(.enabled(if: PDFReader(clock: SystemClock(), randomness: SystemRandomness()).isInstalled)) struct PDFTests {
    private let reader = PDFReader(clock: SystemClock(), randomness: SystemRandomness())

    /// A page with one line of text, as the format's reference has it.
    private func file(_ line: String) -> [UInt8] {
        let content = "BT /F1 24 Tf 72 700 Td (\(line)) Tj ET"
        let objects = [
            "<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
            "<< /Length \(content.utf8.count) >>\nstream\n\(content)\nendstream",
            "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        ]
        var text = "%PDF-1.4\n"
        var places: [Int] = []
        for (number, object) in objects.enumerated() {
            places.append(text.utf8.count)
            text += "\(number + 1) 0 obj\n\(object)\nendobj\n"
        }
        let start = text.utf8.count
        text += "xref\n0 6\n0000000000 65535 f \n"
        for place in places {
            let digits = String(place)
            text += String(repeating: "0", count: 10 - digits.count) + digits + " 00000 n \n"
        }
        return Array((text + "trailer << /Size 6 /Root 1 0 R >>\nstartxref\n\(start)\n%%EOF\n").utf8)
    }

    @Test func `the text of a PDF is read`() async throws {
        #expect(
            try await reader.read(file("Opening hours are nine to six")).text.contains("Opening hours are nine to six"))
    }

    @Test func `a PDF without text and one that is broken are refused`() async throws {
        for bytes in [file(""), Array("%PDF-1.4 nothing of the kind".utf8)] {
            let error = await #expect(throws: RetrievalError.self) { try await reader.read(bytes) }
            #expect(error?.code == .documentUnreadable)
        }
    }
}
