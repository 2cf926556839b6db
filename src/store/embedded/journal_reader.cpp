#include "store/embedded/journal_reader.h"

#include <cstring>

#include "base/check.h"

namespace meterhouse {

Result<const JournalReader::Frame*> JournalReader::peek(const JournalEnd& end) {
  if (next_sequence_ >= end.next_sequence) return nullptr;
  if (!loaded_)
    if (auto done = load(); !done) return done.error();
  return &frame_;
}

void JournalReader::pass() {
  MH_CHECK(loaded_);
  loaded_ = false;
  ++next_sequence_;
  offset_ += frame_.bytes.size();
  if (frame_.header.kind != FrameKind::end) return;
  ++file_id_;
  file_.reset();
}

Error JournalReader::damaged(std::string_view what) const {
  return {Errc::corruption,
          fmt::format("{}/{}: offset {}: {}", directory_, journal_file_name(file_id_), offset_, what)};
}

Status JournalReader::open_file() {
  const std::string path = directory_ + "/" + journal_file_name(file_id_);
  auto file = files_.open(path, OpenMode::read);
  if (!file) {
    if (file.error().code != Errc::not_found) return file.error();
    return Error{Errc::corruption, fmt::format("{}: journal file {} is missing", directory_, file_id_)};
  }
  std::vector<std::byte> bytes(kJournalHeaderSize);
  if (auto done = (*file)->read_at(0, bytes); !done) return done;
  const auto header = decode_journal_header(bytes);
  if (!header) return header.error().during(path);
  if (header->file_id != file_id_) return damaged(fmt::format("this is journal file {}", header->file_id));
  file_ = std::move(*file);
  offset_ = kJournalHeaderSize;
  return {};
}

Status JournalReader::load() {
  if (!file_)
    if (auto done = open_file(); !done) return done;
  bytes_.resize(kFrameHeaderSize);
  if (auto done = file_->read_at(offset_, bytes_); !done) return done;
  const std::size_t size = frame_size_at(bytes_);
  if (size > frame_size(kMaxFramePayload)) return damaged("not a frame");
  bytes_.resize(size);
  if (auto done = file_->read_at(offset_, bytes_); !done) return done;
  const auto header = decode_frame(bytes_);
  if (!header) return damaged("the frame's checksum does not match");
  if (header->sequence != next_sequence_)
    return damaged(fmt::format("frame {} where {} should be", header->sequence, next_sequence_));
  frame_ = {*header, bytes_};
  loaded_ = true;
  return {};
}

}  // namespace meterhouse
