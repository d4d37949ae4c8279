import Base
import Blobs
import Storage
import Web

/// Archives over HTTP: which there are, and their files by signed addresses.
struct ArchiveRoutes: Sendable {
    enum Bounds {
        /// How long an address of a file is good.
        static let lifetime: Duration = .seconds(300)
    }

    let store: ArchiveStore
    let blobs: any BlobStore
    let signer: BlobSigner

    /// What signed addresses begin with.
    static let base = "\(Addresses.api)/downloads"

    var routes: [Route] { [list, download] }

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([.body("archives", .list(Item.shape)), .body("next", optional: .cursor)])

        struct Item: Encodable {
            static let shape = Shape.object([
                .body("id", .id), .body("kind", .choice(Archive.Kind.self)), .body("begins", .timestamp),
                .body("ends", .timestamp), .body("state", .choice(Archive.State.self)), .body("rows", .integer),
                .body("bytes", .integer), .body("sha256", optional: .text), .body("keptUntil", .timestamp),
                .body("url", optional: .text),
            ])

            let id: ID<Archive>
            let kind: Archive.Kind
            let begins: Timestamp
            let ends: Timestamp
            let state: Archive.State
            let rows: Int
            let bytes: Int
            let sha256: String?
            let keptUntil: Timestamp
            let url: String?
        }

        let archives: [Item]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/archives", "tournament.listArchives",
            "Lists months of audit and risk rows that were moved into files, with addresses that read them for a while.",
            policy: .role(.administrator), limit: .per(.person, "tournament.admin", 50), budget: 1
        ) { (request: Request<PageInput>) in
            let tenant = request.context.tenant
            let page = try await store.page(after: request.input.after, limit: request.input.limit, in: tenant)
            return ListAnswer(archives: page.items.map { item($0, in: tenant) }, next: page.next)
        }
    }

    private func item(_ archive: Archive, in tenant: Tenant) -> ListAnswer.Item {
        let url = archive.file.flatMap { BlobKey($0) }.map {
            blobs.downloadAddress(for: $0, of: tenant, lifetime: Bounds.lifetime, otherwise: signer)
        }
        return ListAnswer.Item(
            id: archive.id, kind: archive.kind, begins: archive.times.lowerBound, ends: archive.times.upperBound,
            state: archive.state, rows: archive.lines, bytes: archive.bytes, sha256: archive.sha256,
            keptUntil: archive.keptUntil, url: url)
    }

    private struct SignedAddress: Input {
        static let fields: [Field] = [
            .path("tenant", .id, "The stage."), .path("key", .text(1...BlobKey.charactersMax), "The object."),
            .query("method", .text(1...8), "What the address allows."),
            .query("expires", .text(1...12), "Until when, in seconds since 1970."),
            .query("signature", .text(64...64), "Ours."),
        ]

        let tenant: ID<Tenant>
        let key: String
        let method: String
        let expires: String
        let signature: String
    }

    /// Private objects, for who holds an address: where the store has none of its own.
    private var download: Route {
        Route(
            .get, "/downloads/{tenant}/{key...}", "tournament.readSigned",
            "Gives a private file by its signed address.",
            policy: .anyone, limit: .per(.address, "tournament.downloads", 120), budget: 0,
            failures: [
                Failure("tournament.uploadInvalid", 403, "The address was not made here, or was changed."),
                Failure("tournament.uploadExpired", 410, "The time of the address is over."),
            ]
        ) { (request: Request<SignedAddress>) in
            let input = request.input
            let decision = signer.verify(
                .get, path: "\(input.tenant)/\(input.key)",
                query: [("method", input.method), ("expires", input.expires), ("signature", input.signature)])
            switch decision {
            case .granted(let grant):
                guard grant.tenant == request.context.tenant, case .key(let key) = grant.target else { break }
                return BlobAnswer(key, of: grant.tenant, in: blobs)
            case .refused(.expired):
                throw Problem(TournamentError(.uploadExpired, "The time of this address is over; ask for a new one."))
            case .refused: break
            }
            throw Problem(
                TournamentError(.uploadInvalid, "This address was not made here, or it was changed on the way."))
        }
    }
}
