/** A fingerprint: twelve groups of five digits, to be read aloud. */
export function Fingerprint({ digits, label }: { digits: string; label: string }) {
  return (
    <p class="fingerprint mono" dir="ltr" role="group" aria-label={label}>
      {digits.split(" ").map((group, i) => (
        <span key={i}>{group} </span>
      ))}
    </p>
  );
}
