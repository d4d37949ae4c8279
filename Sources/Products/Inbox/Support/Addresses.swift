/// Where the product's pages are, and its API.
enum Addresses {
    static let base = "/inbox"
    static let api = "/api/inbox"
}
