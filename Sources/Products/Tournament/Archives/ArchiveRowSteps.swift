import Accounts
import Base
import Foundation
import NIOCore
import Storage

/// Reads and removes the rows of one kind, in the order in which a file holds them, a part at a time.
struct ArchiveRowSteps: Sendable {
    enum Bounds {
        /// Rows of one statement, and of one compressed part.
        static let part = 1_000
        /// Rows of one statement that removes them.
        static let removal = 500
    }

    /// The lines of some rows, and what the next ones come after.
    struct Part: Sendable {
        var lines: ByteBuffer
        var count: Int
        var mark: Mark?
    }

    /// A place between two rows.
    enum Mark: Sendable {
        case audit(AuditEntry)
        case risk(RiskRow)
    }

    let kind: Archive.Kind
    let trail: AuditTrail
    let risk: RiskStore

    func oldest(in tenant: Tenant) async throws(StorageError) -> Timestamp? {
        switch kind {
        case .audit: try await trail.oldest(of: tenant)
        case .risk: try await risk.oldest(in: tenant)
        }
    }

    /// The rows behind a mark; none when `count` is 0.
    ///
    /// - Parameters:
    ///   - times: from when until before when.
    ///   - mark: what the part begins after; `nil` for the first.
    ///   - salt: what the voters of this file are disguised by.
    ///   - tenant: whose rows.
    /// - Returns: the part, and the mark behind it.
    /// - Throws: `StorageError`, or what encoding a row throws.
    func part(
        _ times: Range<Timestamp>, after mark: Mark?, salt: [UInt8], in tenant: Tenant
    ) async throws -> Part {
        var part = Part(lines: ByteBuffer(), count: 0, mark: mark)
        switch kind {
        case .audit:
            var last: AuditEntry?
            if case .audit(let entry) = mark { last = entry }
            for entry in try await trail.entries(of: tenant, in: times, after: last, limit: Bounds.part) {
                try part.append(AuditLine(entry))
                part.mark = .audit(entry)
            }
        case .risk:
            var last: RiskRow?
            if case .risk(let row) = mark { last = row }
            for row in try await risk.rows(in: times, after: last, limit: Bounds.part, of: tenant) {
                try part.append(RiskLine(row, salt: salt))
                part.mark = .risk(row)
            }
        }
        return part
    }

    /// Removes some rows of a time; returns how many were there.
    func remove(
        _ times: Range<Timestamp>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        switch kind {
        case .audit: try await trail.remove(from: times, limit: Bounds.removal, through: writing, in: tenant)
        case .risk: try await risk.remove(from: times, limit: Bounds.removal, through: writing, in: tenant)
        }
    }
}

extension ArchiveRowSteps.Part {
    fileprivate mutating func append(_ line: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        lines.writeBytes(try encoder.encode(line))
        lines.writeInteger(UInt8(ascii: "\n"))
        count += 1
    }
}

/// Who did what, as a line.
private struct AuditLine: Encodable {
    let id: String
    let at: String
    let actor: String
    let actorID: String?
    let action: String
    let subject: String
    let subjectID: String
    let detail: [String: String]

    init(_ entry: AuditEntry) {
        id = entry.id.description
        at = entry.madeAt.description
        actor = entry.actor.kind
        actorID =
            switch entry.actor {
            case .person(let id): id.description
            case .key(let id): id.description
            case .system: nil
            }
        action = entry.action
        subject = entry.subjectKind
        subjectID = entry.subjectID
        detail = entry.detail
    }
}

/// What was noticed about a voter, as a line.
///
/// The vote is left out, and the voter disguised by a salt that nobody keeps: rows of one voter are still seen to belong
/// together, while a file that outlives a season's pseudonyms leads to no ballot.
private struct RiskLine: Encodable {
    let id: String
    let at: String
    let voter: String
    let slot: String?
    let points: Int
    let features: [String]

    init(_ row: RiskRow, salt: [UInt8]) {
        id = row.id.description
        at = row.noticedAt.description
        voter = Pseudonym(of: row.voterID, salt: salt).id.description
        slot = row.slotID?.description
        points = row.points
        features = row.reasons.map(\.rawValue)
    }
}
