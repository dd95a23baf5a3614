// The style sheet as lit wants it: constructable, so that a strict Content-Security-Policy has nothing to forbid.
import { unsafeCSS } from 'lit';
import sheet from './styles/styles.css';

export const styles = unsafeCSS(sheet);
