import Base
import CLibPQ
import Storage

/// Where and how connections are made.
///
/// Blocking: for threads of their own, never for a task.
struct ConnectionTarget: Sendable {
    private let url: Secret<String>
    private let applicationName: String
    private let connectTimeout: Duration
    private let urlOptions: String

    private enum Bounds {
        static let serverVersionMin: Int32 = 150_000
    }

    /// Checks the address.
    ///
    /// - Throws: `storage.setup` when libpq cannot read it; the message does not quote it.
    init(url: Secret<String>, options: PostgresOptions) throws(StorageError) {
        self.url = url
        applicationName = options.applicationName
        connectTimeout = options.connectTimeout
        let parsed: String? = url.reveal { url in
            guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://"),
                let list = PQconninfoParse(url, nil)
            else { return nil }
            defer { PQconninfoFree(list) }
            var found = ""
            var option = list
            while let keyword = option.pointee.keyword {
                if String(cString: keyword) == "options", let value = option.pointee.val {
                    found = String(cString: value)
                }
                option += 1
            }
            return found
        }
        guard let parsed else {
            throw StorageError(
                .setup, "the address of the database cannot be read: write postgres://user:password@host:port/name")
        }
        urlOptions = parsed
    }

    /// Opens a connection.
    ///
    /// `startupOptions` is `nil` where a pooler would refuse them.
    func open(startupOptions: String?) -> Result<OpaquePointer, StorageError> {
        let options = [urlOptions, startupOptions ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
        var parameters = [
            ("connect_timeout", String(max(2, connectTimeout.milliseconds / 1_000))),
            ("application_name", applicationName), ("client_encoding", "UTF8"), ("keepalives_idle", "30"),
            ("keepalives_interval", "5"), ("keepalives_count", "3"),
        ]
        if !options.isEmpty { parameters.append(("options", options)) }
        let raw = url.reveal { url in connect([("dbname", url)] + parameters) }
        guard let raw else { return .failure(StorageError(.unavailable, "no memory for a connection")) }
        guard PQstatus(raw) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(raw)).split(separator: "\n").joined(separator: "; ")
            PQfinish(raw)
            return .failure(StorageError(.unavailable, "the database cannot be reached: \(reason)"))
        }
        guard PQserverVersion(raw) >= Bounds.serverVersionMin else {
            let version = PQserverVersion(raw) / 10_000
            PQfinish(raw)
            return .failure(StorageError(.setup, "the server is PostgreSQL \(version): 15 or newer is needed"))
        }
        capstan_ignore_notices(raw)
        return .success(raw)
    }

    private func connect(_ parameters: [(String, String)]) -> OpaquePointer? {
        let texts = parameters.flatMap { [strdup($0.0), strdup($0.1)] }
        defer { for text in texts { free(text) } }
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        for index in stride(from: 0, to: texts.count, by: 2) {
            keywords.append(texts[index].map { UnsafePointer($0) })
            values.append(texts[index + 1].map { UnsafePointer($0) })
        }
        return PQconnectdbParams(keywords + [nil], values + [nil], 1)
    }
}

#if canImport(Glibc)
    import Glibc
#endif
