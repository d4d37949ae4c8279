/// In which frames a page may stand, and whether it holds frames of this site.
///
/// Nearly every page stands in none: a page in somebody else's frame can be made to be clicked unseen. The exception is a
/// page that is made for it, such as a widget, which then says in whose.
public struct Framing: Sendable, Hashable {
    enum Bounds {
        static let origins = 50
        static let originBytes = 300
    }

    /// In no frame, and without frames.
    public static let none = Framing(ancestors: [], standsInOwn: false, holdsOwnPages: false)

    /// In no frame, with frames of this site's own pages.
    public static let holdingOwnPages = Framing(ancestors: [], standsInOwn: false, holdsOwnPages: true)

    let ancestors: [String]
    let standsInOwn: Bool
    let holdsOwnPages: Bool

    private init(ancestors: [String], standsInOwn: Bool, holdsOwnPages: Bool) {
        self.ancestors = ancestors
        self.standsInOwn = standsInOwn
        self.holdsOwnPages = holdsOwnPages
    }

    /// In frames of these origins, as in `https://shop.example`, and of this site itself.
    ///
    /// - Parameter origins: At most 50; what is no origin in ASCII is left out, so that nothing else gets into a header.
    /// - Returns: The rule.
    public static func within(_ origins: some Collection<String>) -> Framing {
        Framing(
            ancestors: origins.filter(isOrigin).sorted().prefix(Bounds.origins).map { $0 }, standsInOwn: true,
            holdsOwnPages: false)
    }

    /// What stands behind `frame-ancestors`.
    var ancestorList: String {
        standsInOwn ? (["'self'"] + ancestors).joined(separator: " ") : "'none'"
    }

    private static func isOrigin(_ text: String) -> Bool {
        guard text.utf8.count <= Bounds.originBytes, text.hasPrefix("https://") || text.hasPrefix("http://") else {
            return false
        }
        let rest = text.utf8.drop { $0 != UInt8(ascii: "/") }.dropFirst(2)
        return !rest.isEmpty
            && rest.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ":"): true
                default: false
                }
            }
    }
}
