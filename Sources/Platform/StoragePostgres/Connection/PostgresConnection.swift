import Base
import CLibPQ
import Storage

/// One connection in pipeline mode, on the reactor's thread: sends, and says what the answers mean.
final class PostgresConnection {
    enum Role: Int, CaseIterable { case reader, writer, transaction }

    let raw: OpaquePointer
    let role: Role
    let slot: Int
    let token: UInt64
    let settings: SessionSettings
    var flight = Flight<PendingStatement>()
    var prepared: PreparedStatements<StatementKey>
    var lease: Lease?
    /// Writes that are assigned to this connection and not sent.
    var backlog: [PendingStatement] = []
    /// Writes that are sent and not committed.
    var underWay: [PendingStatement] = []
    /// The write whose rows are counted before its commit is sent.
    var guarded: PendingStatement?
    /// Requests to cancel that have not been delivered, and when the last one was made.
    var cancelsUnderWay = 0
    var cancelledAt: Duration?
    var abandoned: [PendingStatement] = []
    /// The transaction's statement that is answered while a request to cancel it is still on its way.
    var heldForCancel: PendingStatement?
    /// Whether the server has said that it ends the connection.
    var isEndedByServer = false
    var controlError: StorageError?
    var lastProgress: Duration
    /// Why the connection cannot be used any more; the first reason counts.
    private(set) var breakage: String?
    var waitsForWriting = false
    private var isDirty = false
    private var scopeIsPrepared = false
    private var deallocations: [String] = []
    private var scratch = ParameterScratch()

    init(
        raw: OpaquePointer, role: Role, slot: Int, token: UInt64, settings: SessionSettings, preparedMax: Int,
        now: Duration
    ) {
        self.raw = raw
        self.role = role
        self.slot = slot
        self.token = token
        self.settings = settings
        prepared = PreparedStatements(capacity: preparedMax)
        lastProgress = now
    }

    deinit { PQfinish(raw) }

    var isBroken: Bool { breakage != nil }

    func markBroken(_ reason: String) { if breakage == nil { breakage = reason } }

    var descriptor: Int32 { PQsocket(raw) }

    // MARK: Sending

    /// Sends the driver's own statement, whose result nobody waits for.
    func sendControl(_ text: String) {
        check(PQsendQueryParams(raw, text, 0, nil, nil, nil, nil, 1))
        flight.sent(.control)
    }

    /// Commits the transaction of a write whose rows were counted.
    func sendCommit() {
        check(PQsendQueryParams(raw, "COMMIT", 0, nil, nil, nil, nil, 1))
        flight.sent(.commit)
    }

    /// Makes the scope known to row-level security until the implicit or explicit transaction ends.
    func sendScope(_ scope: FlightScope, isReadOnly: Bool) {
        let parameters = scope.parameters
        if settings.keepsSession {
            if !scopeIsPrepared {
                check(PQsendPrepare(raw, "scope", SessionSettings.scopeText, 2, parameters.types))
                flight.sent(.control)
                scopeIsPrepared = true
            }
            scratch.with(parameters) { values, lengths, formats in
                check(PQsendQueryPrepared(raw, "scope", 2, values, lengths, formats, 1))
            }
        } else {
            let text = isReadOnly ? settings.readOnlyFlightText : settings.flightText
            scratch.with(parameters) { values, lengths, formats in
                check(PQsendQueryParams(raw, text, 2, parameters.types, values, lengths, formats, 1))
            }
        }
        flight.sent(.control)
    }

    /// Sends a statement, preparing it first where that is not done.
    func send(_ item: PendingStatement, now: Duration) {
        if flight.isEmpty { lastProgress = now }
        item.sentAt = now
        item.carrier = self
        let count = Int32(item.parameters.places.count)
        guard item.isKept, !item.isReplanned, settings.keepsSession else {
            scratch.with(item.parameters) { values, lengths, formats in
                check(
                    PQsendQueryParams(
                        raw, item.key.text, count, item.parameters.types, values, lengths, formats, 1))
            }
            flight.sent(.statement(item))
            return
        }
        let name: String
        switch prepared.use(item.key) {
        case .send(let known): name = known
        case .prepare(let new, let old):
            name = new
            if let old { deallocations.append(old) }
            check(PQsendPrepare(raw, name, item.key.text, count, item.parameters.types))
            flight.sent(.preparation(item))
        }
        scratch.with(item.parameters) { values, lengths, formats in
            check(PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1))
        }
        flight.sent(.statement(item))
    }

    /// Ends what was sent since the last sync; the server commits it or has undone it.
    func sync() {
        check(PQpipelineSync(raw))
        flight.sent(.sync)
        isDirty = true
    }

    /// Frees statements that made room for others.
    ///
    /// First in a batch and with a sync of its own, nothing can have it skipped.
    func sendDeallocations() {
        guard !deallocations.isEmpty else { return }
        for name in deallocations { sendControl("DEALLOCATE \(name)") }
        deallocations.removeAll(keepingCapacity: true)
        sync()
    }

    /// Writes what is buffered, as far as the socket takes it; `true` when the interest in writing has changed.
    func flush() -> Bool {
        guard isDirty || waitsForWriting else { return false }
        let rest = PQflush(raw)
        if rest < 0 { markBroken("it does not take what is sent") }
        isDirty = false
        let waits = rest > 0
        defer { waitsForWriting = waits }
        return waits != waitsForWriting
    }

    private func check(_ isSent: Int32) { if isSent != 1 { markBroken("it refuses a statement") } }

    // MARK: Receiving

    /// Reads what has arrived.
    ///
    /// `handle` owns each result.
    func receive(_ handle: (Flight<PendingStatement>.Action, OpaquePointer) -> Void) {
        if PQconsumeInput(raw) != 1 { markBroken("it was closed") }
        var ends = 0
        while !flight.isEmpty, PQisBusy(raw) == 0 {
            guard let result = PQgetResult(raw) else {
                _ = flight.receive(.ended)
                ends += 1
                // One end follows each result; more of them mean that libpq has nothing for us.
                if ends > 2 { break }
                continue
            }
            ends = 0
            guard let event = event(of: result) else {
                markBroken("its answer is \(String(cString: PQresStatus(PQresultStatus(result))))")
                PQclear(result)
                return
            }
            let action = flight.receive(event)
            if action == .nonsense { markBroken("it answers \(event) to what was not asked") }
            handle(action, result)
            if isBroken { return }
        }
        if PQstatus(raw) == CONNECTION_BAD { markBroken("it was closed") }
    }

    /// `nil` for the error that libpq itself makes when the connection is gone.
    private func event(of result: OpaquePointer) -> Flight<PendingStatement>.Event? {
        switch PQresultStatus(result) {
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY, PGRES_SINGLE_TUPLE: return .completed
        case PGRES_PIPELINE_SYNC: return .synced
        case PGRES_PIPELINE_ABORTED: return .skipped
        case PGRES_FATAL_ERROR:
            return PQresultErrorField(result, Int32(UInt8(ascii: "C"))) == nil ? nil : .failed
        // COPY is not a statement that ``StorageDriver`` knows: the connection would wait for data for ever.
        default: return nil
        }
    }
}

/// Pointers into a statement's values, in the form libpq wants; reused, as one thread sends all statements.
struct ParameterScratch {
    private var values: [UnsafePointer<CChar>?] = []
    private var lengths: [Int32] = []
    private var formats: [Int32] = []

    mutating func with(
        _ parameters: EncodedParameters,
        _ body: (
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Void
    ) {
        let count = parameters.places.count
        guard count > 0 else { return body(nil, nil, nil) }
        values.removeAll(keepingCapacity: true)
        lengths.removeAll(keepingCapacity: true)
        while formats.count < count { formats.append(1) }
        parameters.bytes.withUnsafeBytes { bytes in
            for place in parameters.places {
                lengths.append(max(0, place.length))
                values.append(place.length < 0 ? nil : Self.pointer(into: bytes, at: Int(place.offset)))
            }
            body(values, lengths, formats)
        }
    }

    // SAFETY: never written, never freed.
    private nonisolated(unsafe) static let empty: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    private static func pointer(into bytes: UnsafeRawBufferPointer, at offset: Int) -> UnsafePointer<CChar> {
        guard let base = bytes.baseAddress else { return empty }  // only values of length zero
        return (base + offset).assumingMemoryBound(to: CChar.self)
    }
}
