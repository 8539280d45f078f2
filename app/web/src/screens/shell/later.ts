// The screens that no one needs before the list. The build puts them in a file that is loaded after the list is shown.
export { AdminPage } from "../admin/admin";
export { AlarmPage } from "../alarm/alarm";
export { ExportPage } from "../export/export";
export { GeneratorPage } from "../generator/generator";
export { HealthPage } from "../health/health";
export { ImportPage } from "../import/import";
export { ItemScreen } from "../items/item";
export { BulkTags } from "../list/bulk-tags";
export { FilterSheet } from "../list/filter-sheet";
export { RowActions, RowMenu } from "../list/row-actions";
export { SearchHelp } from "../list/search-help";
export { TagDialog } from "../list/tag-dialog";
export { PeoplePage } from "../people/people";
export { Settings } from "../settings/settings";
export { Palette } from "./palette";
