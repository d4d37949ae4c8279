/// Sentences about lists, boards, campaigns and exports.
extension Said {
    static let more: [String: String] = [
        "boardGrouped": "The board is being put into its new buckets; it can be worked on again in a moment.",
        "campaignChanged": "The campaign is changed.",
        "campaignCreated": "The campaign is there. Start its first run.",
        "cardMoved": "The card is moved.",
        "contacted": "It is written down that you wrote to this creator.",
        "entriesMoved": "The chosen creators are moved.",
        "entriesRemoved": "The chosen creators are taken out of the list.",
        "entriesWritten": "The value is written into the chosen rows.",
        "exportCancelled": "The export is cancelled; nothing of it is kept.",
        "exportQueued": "The file is being made. You are told when it is ready.",
        "exportReady": "The file is ready to download.",
        "fieldAdded": "The column is there.",
        "linkRevoked": "The link leads nowhere any more.",
        "listChanged": "The list is changed.",
        "listCopied": "The copy is made; its creators follow in a moment.",
        "listCreated": "The list is there. Add creators from the results of a search.",
        "listDeleted": "The list is deleted.",
        "listStarred": "The list has your star; it is on your dashboard.",
        "listUnstarred": "The list no longer has your star.",
        "memberChanged": "The role is changed.",
        "noted": "The note is written.",
        "pinned": "The creator is pinned to your dashboard.",
        "savedSearchDeleted": "The saved search is deleted.",
        "searchGoesOn": "The saved search goes on.",
        "searchPaused": "The saved search is paused.",
        "searchSaved": "The search is saved and begins by itself.",
        "unpinned": "The creator is no longer pinned.",
    ]
    static let moreBad: [String: String] = [
        DiscoveryError.Code.alreadyContacted.rawValue:
            "A colleague wrote to this creator within the last 30 days. Tick “anyway” to write all the same.",
        DiscoveryError.Code.exportEnded.rawValue: "This export had ended already.",
        DiscoveryError.Code.exportExpired.rawValue: "The file was kept for seven days and is gone.",
        DiscoveryError.Code.exportLimit.rawValue: "Three files of the workspace are being made; wait for one of them.",
        DiscoveryError.Code.exportNotReady.rawValue: "The file is not complete yet.",
        DiscoveryError.Code.exportTooLarge.rawValue: "A file holds a million rows; choose fewer.",
        DiscoveryError.Code.limitReached.rawValue: "There are as many of these as there may be; delete one first.",
        DiscoveryError.Code.listBusy.rawValue:
            "The list is archived, or its board is being put into other buckets. Try again in a moment.",
        DiscoveryError.Code.listFull.rawValue: "The list is full; begin another one.",
        DiscoveryError.Code.listInvalid.rawValue: "That does not fit: a name, a value or a choice breaks a rule.",
    ]
}
