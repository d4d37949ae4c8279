/// Where the data is.
enum DatabaseAddress: Hashable, CustomStringConvertible {
    /// A file of SQLite.
    case sqlite(path: String)
    /// A server of PostgreSQL; the text is an address in libpq's form and may hold a password.
    case postgres(String)

    /// Reads `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    init(_ text: String) throws(Failure) {
        if text.hasPrefix("sqlite:"), text.utf8.count > "sqlite:".utf8.count {
            self = .sqlite(path: String(text.dropFirst("sqlite:".count)))
        } else if text.hasPrefix("postgres://") || text.hasPrefix("postgresql://") {
            self = .postgres(text)
        } else {
            throw .usedWrongly("the database must be given as sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")
        }
    }

    /// The engine, and the file where there is one; never an address with a password.
    var description: String {
        switch self {
        case .sqlite(let path): "SQLite at \(path)"
        case .postgres: "PostgreSQL"
        }
    }
}
