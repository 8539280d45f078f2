// All filters in a sheet, for phones and tablets, which have no sidebar.
import { useId } from "preact/hooks";
import { counts } from "../../state/vault";
import { texts } from "../../texts";
import { Dialog } from "../../ui/dialog";
import { FilterButton, filterGroups, heading } from "./filters";
import { TagFilters } from "./tag-filters";

export function FilterSheet({ onClose }: { onClose: () => void }) {
  const { common, filters: text } = texts.value;
  const id = useId();
  return (
    <Dialog title={text.title} sheet onClose={onClose}>
      <div class="dialog-body filter-sheet">
        {filterGroups().map((group) => (
          <div key={heading(group[0]!)} class="nav-group">
            {group.map((by) => (
              <FilterButton key={heading(by)} by={by} onChosen={onClose} />
            ))}
          </div>
        ))}
        {counts.value.tags.length > 0 && (
          <section aria-labelledby={id}>
            <h3 id={id}>{common.tags}</h3>
            <TagFilters labelledBy={id} onChosen={onClose} />
          </section>
        )}
      </div>
    </Dialog>
  );
}
