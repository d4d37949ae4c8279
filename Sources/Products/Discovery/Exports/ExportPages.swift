import Base
import Web

/// The exports centre.
struct ExportsPage: Sendable {
    struct Line: Sendable {
        let id: String
        let title: String
        let format: String
        let source: String
        let state: String
        let stateKind: String
        let isUnderWay: Bool
        let isReady: Bool
        let rows: String
        let written: Int
        let planned: Int
        let size: String
        let hash: String
        let hasHash: Bool
        let failure: String
        let hasFailure: Bool
        let ago: String
        let until: String
        let fileHref: String
        let manifestHref: String
        let cancelAction: String
        let statusAddress: String

        init(_ export: Export, at now: Timestamp) {
            let isOver = export.state == .ready && now >= export.expiresAt
            id = export.id.description
            title = export.title
            format = export.format.rawValue.uppercased()
            source = Wording.title(export.source.rawValue)
            (state, stateKind) = isOver ? Self.state(.expired) : Self.state(export.state)
            isUnderWay = export.state.isUnderWay
            isReady = export.state == .ready && !isOver
            rows =
                export.state.isUnderWay
                ? "\(Wording.number(export.rowsWritten)) of \(Wording.count(export.rowsPlanned, "row"))"
                : Wording.count(export.rowsWritten, "row")
            written = export.rowsWritten
            planned = max(1, export.rowsPlanned)
            size = Self.size(export.bytesWritten)
            hash = String((export.sha256 ?? "").prefix(12))
            hasHash = export.sha256 != nil
            failure = export.failure ?? ""
            hasFailure = export.failure != nil
            ago = Wording.ago(now - export.createdAt)
            until = Wording.day(export.expiresAt, now: now)
            fileHref = Addresses.exportFile(export.id)
            manifestHref = Addresses.exportManifest(export.id)
            cancelAction = Addresses.export(export.id, "cancel")
            statusAddress = "\(Addresses.api)/exports/\(export.id)"
        }

        private static func state(_ state: Export.State) -> (text: String, kind: String) {
            switch state {
            case .queued: ("Waiting", "info")
            case .running: ("Being written", "info live")
            case .ready: ("Ready", "good")
            case .failed: ("Failed", "bad")
            case .cancelled: ("Cancelled", "plain")
            case .expired: ("Expired", "plain")
            }
        }

        static func size(_ bytes: Int) -> String {
            switch bytes {
            case ..<1_024: "\(bytes) bytes"
            case ..<(1 << 20): "\(bytes >> 10) KiB"
            default: "\(bytes >> 20).\((bytes & ((1 << 20) - 1)) * 10 >> 20) MiB"
            }
        }
    }

    let tabs = Tab.all(.exports)
    let lines: [Line]
    let isEmpty: Bool
    let hasUnderWay: Bool
    let hasNext: Bool
    let nextHref: String
    let hasFirst: Bool
    let firstHref = Addresses.exports
    let listsHref = Addresses.lists

    init(_ page: [Export], next: String?, isFirst: Bool, at now: Timestamp) {
        lines = page.map { Line($0, at: now) }
        isEmpty = page.isEmpty
        hasUnderWay = page.contains { $0.state.isUnderWay }
        hasNext = next != nil
        nextHref = "\(Addresses.exports)?after=\(next ?? "")"
        hasFirst = !isFirst
    }
}
