/// A page of lines with the way to the next one, as templates read it.
///
/// Nothing in it is missing: a template looks for what is missing in what surrounds it.
struct Listing<Line: Sendable>: Sendable {
    let lines: [Line]
    let isEmpty: Bool
    let hasLines: Bool
    let hasNext: Bool
    let nextHref: String

    /// - Parameters:
    ///   - lines: what is shown.
    ///   - next: where the next page begins; `nil` when this is the last.
    ///   - address: the address of the page that begins there.
    init(_ lines: [Line], next: String? = nil, address: (String) -> String = { $0 }) {
        self.lines = lines
        isEmpty = lines.isEmpty
        hasLines = !lines.isEmpty
        hasNext = next != nil
        nextHref = next.map(address) ?? ""
    }
}
