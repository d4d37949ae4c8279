/// How many tokens a text has, where the vendor has not said so.
///
/// Vendors' tokenisers differ and are not public; two numbers are enough. ``bound(_:bytesPerToken:)`` is never less than
/// what is used, and is what a reservation asks for; ``count(_:)`` is near it, and is what is charged for an answer whose
/// usage got lost.
enum TokenEstimate {
    private enum Bounds {
        /// What vendors add to each message.
        static let perMessage = 16
    }

    /// Near what a tokeniser gives.
    static func count(_ text: String) -> Int {
        var counter = TokenCounter()
        counter.add(text)
        return counter.tokens
    }

    /// Near what a request has.
    static func count(_ request: ChatRequest) -> Int {
        request.messages.reduce(count(request.system)) { $0 + count($1.text) + 4 }
    }

    /// Never less than what a request has: no token of a byte-level tokeniser is shorter than a byte.
    static func bound(_ request: ChatRequest, bytesPerToken: Int) -> Int {
        (request.bytes + bytesPerToken - 1) / bytesPerToken + Bounds.perMessage * (request.messages.count + 1)
    }

    /// Never less than what texts have.
    static func bound(_ texts: [String], bytesPerToken: Int) -> Int {
        texts.reduce(0) { $0 + ($1.utf8.count + bytesPerToken - 1) / bytesPerToken + Bounds.perMessage }
    }
}

/// Counts the tokens of a text that comes in pieces: four bytes of ASCII to a token, and one for each scalar beyond.
struct TokenCounter: Sendable {
    private var plain = 0
    private var other = 0

    /// Whether nothing has come yet.
    var isEmpty: Bool { plain + other == 0 }

    /// How many tokens it is about.
    var tokens: Int { (plain + 3) / 4 + other }

    /// Takes the next piece.
    mutating func add(_ text: String) {
        for scalar in text.unicodeScalars { if scalar.isASCII { plain += 1 } else { other += 1 } }
    }
}
