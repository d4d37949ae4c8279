import Base
import Blobs
import Storage
import Web

/// Uploads over HTTP.
struct UploadRoutes: Sendable {
    let uploads: UploadDesk
    let reviews: ReviewDesk

    /// What signed addresses begin with.
    static let base = "\(Addresses.api)/uploads"

    var routes: [Route] { [open, receive, arrived, mine, remove] }

    static let uploading = RouteLimit.per(.person, "tournament.upload", 5)
    private static let refusals = [
        Failure("tournament.signInRequired", 401, "The account has no place on this stage."),
        Failure("tournament.banned", 403, "The account is banned."),
        Failure("tournament.notVerified", 403, "The account's address is not verified."),
        Failure("tournament.notFound", 404, "There is no such slot or track."),
        Failure("tournament.clipNotFound", 404, "There is no such clip to replace."),
        Failure("tournament.clipLimit", 409, "The person has as many clips in the slot as are allowed."),
        Failure("tournament.clipSettled", 409, "The clip to replace has competed."),
        Failure("tournament.slotClosed", 409, "The slot takes no more clips."),
    ]

    // MARK: Opening

    struct Wish: Input {
        static let fields: [Field] = [
            .body("title", .text(UploadRules.titleCharacters), "The clip's title."),
            .body("genre", .choice(Clip.Genre.self), "The kind of film."),
            .body("slotId", optional: .id, "The slot; without it the one that is on, or the next one."),
            .body("trackId", optional: .id, "The track in which that is looked for; without it the main one."),
            .body("replaces", optional: .id, "A clip of one's own that is taken back for this one."),
            .body(
                "bytes", optional: .integer(1...UploadRules.bytesMax),
                "How many bytes will be sent; with sha256 they may go to the store itself."),
            .body("sha256", optional: .text(64...64), "Their SHA-256 in lower-case hexadecimal digits."),
        ]

        let title: String
        let genre: Clip.Genre
        let slotId: ID<Slot>?
        let trackId: ID<Track>?
        let replaces: ID<Clip>?
        let bytes: Int?
        let sha256: String?

        func wish() throws(Problem) -> UploadDesk.Wish {
            UploadDesk.Wish(
                title: title, genre: genre, slotID: slotId, trackID: trackId, replaces: replaces, promise: try promise()
            )
        }

        private func promise() throws(Problem) -> BlobPromise? {
            guard let sha256 else { return nil }
            guard let hash = BlobHash(sha256) else {
                throw Problem(
                    "web.invalidInput", "sha256 must be 64 lower-case hexadecimal digits.",
                    errors: [FieldError(field: "sha256", code: "format", detail: "It is no SHA-256.")])
            }
            return bytes.map { BlobPromise(size: ByteCount($0), hash: hash) }
        }
    }

    private struct Opened: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("state", .choice(Clip.State.self)), .body("slot", SlotOutput.shape),
            .body("upload", .object(Upload.fields)),
        ])

        struct Upload: Encodable {
            static let fields: [Field] = [
                .body("method", .text), .body("url", .text), .body("expiresAt", .timestamp),
                .body("bytesMax", .integer), .body("arrived", .text), .body("isDirect", .boolean),
                .body("headers", .list(.object([.body("name", .text), .body("value", .text)]))),
            ]

            struct Header: Encodable {
                let name: String
                let value: String
            }

            let method = "PUT"
            let url: String
            let expiresAt: Timestamp
            let bytesMax = UploadRules.bytesMax
            /// Where it is said that the bytes have arrived, for stores that take them without this server.
            let arrived: String
            /// Whether it leads past this server, so that `arrived` must be called.
            let isDirect: Bool
            /// What must be sent with the bytes.
            let headers: [Header]
        }

        let id: ID<Clip>
        let state: Clip.State
        let slot: SlotOutput
        let upload: Upload
    }

    private var open: Route {
        Route(
            .post, "/clips", "tournament.openUpload", "Enters a clip and gives a signed address for its bytes.",
            policy: .signedIn, limit: Self.uploading, budget: 12, status: 201, failures: Self.refusals
        ) { [uploads] (request: Request<Wish>) in
            let opening = try await uploads.open(
                try request.input.wish(), for: try request.person(), in: request.context.tenant)
            return Opened(
                id: opening.clip.id, state: opening.clip.state, slot: SlotOutput(opening.slot),
                upload: Opened.Upload(
                    url: opening.address.address, expiresAt: opening.expiresAt,
                    arrived: "\(Addresses.api)/clips/\(opening.clip.id)/arrived",
                    isDirect: opening.address.isDirect,
                    headers: opening.address.headers.map { Opened.Upload.Header(name: $0.name, value: $0.value) }))
        }
    }

    // MARK: Receiving

    private struct SignedAddress: Input {
        static let fields: [Field] = [
            .path("tenant", .id, "The stage."), .path("key", .text(1...BlobKey.charactersMax), "The object."),
            .query("method", .text(1...8), "What the address allows."),
            .query("expires", .text(1...12), "Until when, in seconds since 1970."),
            .query("max", .text(1...12), "The largest upload."),
            .query("type", optional: .text(1...100), "The media type that the upload has."),
            .query("hash", optional: .text(64...64), "The SHA-256 that the upload must have."),
            .query("signature", .text(64...64), "Ours."),
        ]

        let tenant: ID<Tenant>
        let key: String
        let method: String
        let expires: String
        let max: String
        let type: String?
        let hash: String?
        let signature: String

        var query: [(name: String, value: String)] {
            let given: [(String, String?)] = [
                ("method", method), ("expires", expires), ("max", max), ("type", type), ("hash", hash),
                ("signature", signature),
            ]
            return given.compactMap { name, value in value.map { (name, $0) } }
        }
    }

    private struct Received: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("state", .choice(Clip.State.self)), .body("bytes", .integer),
        ])

        let id: ID<Clip>
        let state = Clip.State.processing
        let bytes: Int
    }

    private static let receiptFailures = [
        Failure("tournament.uploadUsed", 409, "The address was used before, or its clip is gone."),
        Failure("tournament.clipInvalid", 422, "The upload is larger than clips may be."),
        Failure("tournament.uploadsBusy", 503, "Many uploads are being received."),
    ]

    private var receive: Route {
        Route(
            .put, "/uploads/{tenant}/{key...}", "tournament.sendUpload", "Receives the bytes of a clip, once.",
            policy: .anyone, limit: .per(.address, "tournament.uploads", 120), budget: 5,
            bodyLimit: ByteCount(UploadRules.bytesMax), accepts: .bytes, deadline: UploadRules.grace, status: 201,
            failures: Self.receiptFailures + [
                Failure("tournament.uploadInvalid", 403, "The address was not made here, or was changed."),
                Failure("tournament.uploadExpired", 410, "The time of the address is over."),
            ]
        ) { [uploads] (request: Request<SignedAddress>) in
            let (input, context) = (request.input, request.context)
            let (clip, grant) = try Self.clip(input, by: uploads.signer, in: context.tenant)
            let bytes = try await uploads.receive(
                clip, from: context.body, length: context.announcedLength, within: grant, in: context.tenant)
            return Received(id: clip, bytes: bytes)
        }
    }

    /// The clip whose bytes an address takes.
    private static func clip(
        _ input: SignedAddress, by signer: BlobSigner, in tenant: Tenant
    ) throws(Problem) -> (ID<Clip>, BlobGrant) {
        let grant: BlobGrant
        switch signer.verify(.put, path: "\(input.tenant)/\(input.key)", query: input.query) {
        case .granted(let found): grant = found
        case .refused(.expired):
            throw Problem(
                TournamentError(.uploadExpired, "The time of this address is over; begin a new upload."))
        case .refused:
            throw Problem(
                TournamentError(.uploadInvalid, "This address was not made here, or it was changed on the way."))
        }
        guard grant.tenant == tenant, case .key(let key) = grant.target, let id = UploadDesk.clip(of: key) else {
            throw Problem(TournamentError(.uploadInvalid, "This address is for another stage, or for no clip."))
        }
        return (id, grant)
    }

    private struct OfClip: Input {
        static let fields: [Field] = [.path("id", .id, "The clip.")]

        let id: ID<Clip>
    }

    private var arrived: Route {
        Route(
            .post, "/clips/{id}/arrived", "tournament.endUpload",
            "Says that the bytes of a clip are in the store, where they came there without this server.",
            policy: .signedIn, limit: Self.uploading, budget: 5,
            failures: Self.receiptFailures + [
                Failure("tournament.clipNotFound", 404, "There is no such clip of this person."),
                Failure("tournament.uploadMissing", 409, "The bytes are not there."),
            ]
        ) { [uploads] (request: Request<OfClip>) in
            let (id, tenant) = (request.input.id, request.context.tenant)
            let bytes = try await uploads.arrived(id, of: try request.person(), in: tenant)
            return Received(id: id, bytes: bytes)
        }
    }

    // MARK: One's own

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct MineAnswer: Output {
        static let shape = Shape.object([
            .body("clips", .list(OwnClipOutput.shape)), .body("next", optional: .cursor),
        ])

        let clips: [OwnClipOutput]
        let next: Cursor?
    }

    private var mine: Route {
        Route(
            .get, "/clips/mine", "tournament.listOwnClips", "Lists one's own clips with their states and reasons.",
            policy: .signedIn, limit: .per(.person, "tournament.read", 120), budget: 1
        ) { [uploads] (request: Request<PageInput>) in
            let page = try await uploads.house.timetable.clips.made(
                by: try request.person(), after: request.input.after, limit: request.input.limit,
                in: request.context.tenant)
            return MineAnswer(clips: page.items.map { OwnClipOutput($0) }, next: page.next)
        }
    }

    private struct Removing: Input {
        static let fields: [Field] = [
            .path("id", .id, "The clip."),
            .query("reason", optional: .text(UploadRules.reasonCharacters), "Why, where it is somebody else's."),
        ]

        let id: ID<Clip>
        let reason: String?
    }

    private var remove: Route {
        Route(
            .delete, "/clips/{id}", "tournament.removeClip",
            "Takes a clip away: one's own, or as a moderator anybody's.", policy: .signedIn,
            limit: .per(.person, "tournament.api", 60), budget: 12, status: 204,
            failures: [
                Failure("tournament.banned", 403, "The account may not moderate any more."),
                Failure("tournament.clipNotFound", 404, "There is no such clip of this person."),
                Failure("tournament.clipSettled", 409, "The clip has won, or is being counted."),
            ]
        ) { [reviews] (request: Request<Removing>) in
            let context = request.context
            try await reviews.remove(
                request.input.id, because: request.input.reason, by: try request.person(),
                isModerator: context.principal.has(.moderator), in: context.tenant)
            return NoContent()
        }
    }
}

/// A clip as its maker and moderators are told of it.
struct OwnClipOutput: Output {
    static let shape = Shape.object([
        .body("id", .id), .body("slotId", .id), .body("title", .text), .body("credit", .text),
        .body("genre", .choice(Clip.Genre.self)), .body("state", .choice(Clip.State.self)),
        .body("poster", optional: .text), .body("small", optional: .text), .body("large", optional: .text),
        .body("milliseconds", .integer), .body("bytes", .integer), .body("enteredAt", optional: .timestamp),
        .body("fault", optional: .choice(ClipFault.self)), .body("detail", optional: .text),
        .body("reason", optional: .text),
    ])

    let id: ID<Clip>
    let slotId: ID<Slot>
    let title: String
    let credit: String
    let genre: Clip.Genre
    let state: Clip.State
    let poster: String?
    let small: String?
    let large: String?
    let milliseconds: Int
    let bytes: Int
    let enteredAt: Timestamp?
    let fault: ClipFault?
    let detail: String?
    let reason: String?

    init(_ entered: EnteredClip) {
        let (clip, entry) = (entered.clip, entered.entry)
        id = clip.id
        slotId = clip.slotID
        title = clip.title
        credit = clip.credit
        genre = clip.genre
        state = clip.state
        poster = clip.files.poster
        small = clip.files.small
        large = clip.files.large
        milliseconds = clip.milliseconds
        bytes = clip.bytes
        enteredAt = entry?.createdAt
        fault = entry?.fault
        detail = entered.faultText
        reason = entry?.reason
    }
}

extension EnteredClip {
    /// Why the upload is no clip, with what was found.
    var faultText: String? {
        guard let fault = entry?.fault else { return nil }
        return entry?.finding.map { "\(fault.sentence) Found: \($0.summary)." } ?? fault.sentence
    }
}
