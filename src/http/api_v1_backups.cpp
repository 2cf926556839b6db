// The backups of the running store.
#include "http/api.h"
#include "http/json_writer.h"
#include "http/problem.h"
#include "http/request_query.h"

namespace meterhouse {
namespace {

void append_backup(JsonWriter& json, const ListedBackup& backup, const SiteCalendar& calendar) {
  json.object().key("name").text(backup.name).key("whole").boolean(backup.damage.empty()).key("damage");
  backup.damage.empty() ? json.null() : json.text(backup.damage);
  if (backup.manifest) {
    const BackupManifest& manifest = *backup.manifest;
    json.key("started").text(calendar.format(manifest.started));
    json.key("finished").text(calendar.format(manifest.finished));
    json.key("sequence").number(manifest.sequence).key("meters").number(manifest.meters);
    json.key("files").number(std::uint64_t{manifest.files.size()}).key("bytes").number(manifest.bytes()).key("digest");
    manifest.digest ? json.text(*manifest.digest) : json.null();
  }
  json.end();
}

void append_drill(JsonWriter& json, const std::optional<DrillRecord>& drill, const SiteCalendar& calendar) {
  if (!drill) {
    json.null();
    return;
  }
  json.object().key("passed").boolean(drill->passed).key("backup").text(drill->backup);
  json.key("started").text(calendar.format(drill->started)).key("duration_ms").number(drill->duration_ms);
  json.key("outcome").text(drill->outcome).end();
}

}  // namespace

Response Api::get_backups(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto backups = parts_.backups.list();
  if (!backups) return problem(backups.error());
  const auto drill = parts_.backups.last_drill();
  JsonWriter json;
  json.object().key("directory").text(parts_.backups.directory()).key("backups").array();
  for (const ListedBackup& backup : *backups) append_backup(json, backup, parts_.calendar);
  json.end().key("last_drill");
  append_drill(json, drill.value_or(std::nullopt), parts_.calendar);
  json.key("last_drill_damage");
  drill ? json.null() : json.text(drill.error().message);
  return json_response(200, json.end().take());
}

Response Api::post_backup(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto id = parts_.jobs.submit_or_join(kBackupJob, std::nullopt, "request");
  return id ? job_response(202, *id) : problem(id.error());
}

Response Api::post_backup_drill(const Request& request, std::string_view) {
  if (const auto known = check_parameters(request, {}); !known) return problem(known.error());
  const auto id = parts_.jobs.submit_or_join(kDrillJob, std::nullopt, "request");
  return id ? job_response(202, *id) : problem(id.error());
}

}  // namespace meterhouse
