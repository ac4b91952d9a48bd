import Git
import GitHistory
import UnifiedDiff

/// One message of a mailbox of patches, as written by `git format-patch --stdout`; or the whole text if it is not a mailbox.
package struct PatchMail: Sendable {
    /// The author, date and text before the diff; nil if the patch has none.
    package let message: PatchMessage?
    /// The original bytes of the message.
    package let text: [UInt8]
    /// What errors call it.
    package let origin: String
    /// A name for the patch that somebody chose, such as that of its file; nil if nobody did.
    package let label: String?

    /// The message's subject without the prefix in brackets; nil if it has none.
    package var subject: String? { message?.subject }

    /// A message whose author, date and text are known.
    package init(_ message: PatchMessage?, _ text: [UInt8], from origin: String, label: String? = nil) {
        self.message = message
        self.text = text
        self.origin = origin
        self.label = label
    }

    /// The messages of a text that change a file.
    ///
    /// - Parameters:
    ///   - origin: the text's name in errors.
    ///   - label: the name of the patch's file, if it was chosen.
    ///   - strip: how many leading folders of each name are not part of the path, as in `patch -p1`; nil if the names themselves show it.
    /// - Throws: `PatchesError.malformed` if the text is not a patch, or is one that cannot be split; `PatchesError.unreadable` if a
    ///   message cannot be read as its author wrote it.
    package static func mails(
        in text: [UInt8], from origin: String, label: String? = nil, strip: Int? = nil
    ) throws(PatchesError) -> [PatchMail] {
        let messages: [[UInt8]]
        do { messages = try Patch.messages(in: text, strip: strip) } catch { throw .malformed(file: origin, error) }
        var mails: [PatchMail] = []
        for (index, text) in messages.enumerated() {
            let name = messages.count == 1 ? origin : "\(origin), message \(index + 1)"
            let message: PatchMessage?
            do { message = try PatchMessage(of: text) } catch { throw .unreadable(file: name, error) }
            mails.append(PatchMail(message, try stripped(text, strip, message != nil, name), from: name, label: label))
        }
        return mails
    }

    /// The text, which means the same without `-pN`. It is rewritten if it would not.
    private static func stripped(
        _ text: [UInt8], _ strip: Int?, _ hasMessage: Bool, _ origin: String
    ) throws(PatchesError) -> [UInt8] {
        guard let strip else { return text }
        let patch: Patch
        do { patch = try Patch(text, name: origin, strip: strip) } catch { throw .malformed(file: origin, error) }
        let paths = { (patch: Patch) in patch.files.map { [$0.oldPath, $0.path].map { Array($0.utf8) } } }
        if let plain = try? Patch(text, name: origin), paths(plain) == paths(patch) { return text }
        let diff = patch.text { $0 }
        return hasMessage ? PatchMessage.bytes(before: text) + Array("---\n\n".utf8) + diff : diff
    }
}
